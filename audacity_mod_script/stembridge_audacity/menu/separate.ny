@COMMON@
@REGION@
(setf sb-presets '@PRESETS@)
(setf sb-stems '@STEMS@)

;; "Vocals, drums" as a list of lower-case words; a comma or a semicolon ends one.
(defun sb-words (text)
  (let ((found nil) (word "") (whole (strcat (string-downcase text) ",")))
    (dotimes (i (length whole) (reverse found))
      (let ((ch (char whole i)))
        (cond ((member ch '(#\, #\;))
               (setf word (string-trim " " word))
               (when (string/= word "") (setf found (cons word found)))
               (setf word ""))
              (t (setf word (strcat word (subseq whole i (1+ i))))))))))

;; The first stem that no preset knows; a model by name may have any.
(defun sb-unknown (words)
  (when (string= (string-trim " " model) "")
    (sb-find #'(lambda (word) (not (member word sb-stems :test #'string=))) words)))

(defun sb-settings (words)
  (format nil "\"preset\":~a,\"engine\":\"~a\",\"model\":~a,\"stems\":[~a],\"rest\":~a,\"original\":\"~a\""
    (sb-text (nth preset sb-presets))
    (nth engine '("auto" "offline" "mvsep"))
    (if (string= (string-trim " " model) "") "null" (sb-text (string-trim " " model)))
    (sb-join (mapcar #'sb-text words) ",")
    (if (= rest 1) "true" "false")
    (nth original '("leave" "mute" "replace"))))

(defun sb-separate (tracks)
  (let* ((words (sb-words stems)) (settings (sb-settings words)) (wrong (sb-unknown words)))
    (cond (wrong
           (format nil "There is no stem called '~a'.\n\nThere is: ~a." wrong (sb-join sb-stems ", ")))
          ((not (sb-write (sb-path "last-settings.txt") (format nil "~a~a" several settings)))
           (sb-no-folder))
          (t (sb-ask "separate" settings (= several 0) tracks)))))

(sb-guarded (sb-at-the-last-track #'sb-separate))
